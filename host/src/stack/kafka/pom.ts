/** What Maven is asked for. */
import { KAFKA_VERSION, LOG4J_VERSION, SCALA_VERSION } from "./version.ts";

/** The plugin's version is named, so that the same command does the same next year. */
export const COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

const DEPENDENCIES = [
  { groupId: "org.apache.kafka", artifactId: `kafka_${SCALA_VERSION}`, version: KAFKA_VERSION },
  { groupId: "org.apache.logging.log4j", artifactId: "log4j-slf4j-impl", version: LOG4J_VERSION },
];

/** A project of no code, whose dependencies are Kafka. */
export function pomText(): string {
  const dependencies = DEPENDENCIES.map(({ groupId, artifactId, version }) =>
    element(
      "dependency",
      element("groupId", groupId) + element("artifactId", artifactId) + element("version", version),
    ),
  );
  const project =
    element("modelVersion", "4.0.0") +
    element("groupId", "sluice") +
    element("artifactId", "kafka-jars") +
    element("version", "1") +
    element("packaging", "pom") +
    element("dependencies", dependencies.join(""));
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">${project}</project>\n`;
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
