/** The release of Kafka that is installed. `jars.sha256` belongs to it: a new release is a new list. */
export const KAFKA_VERSION = "4.1.0";
/** Of the Scala its core is built with, which is a part of the artifact's name. */
export const SCALA_VERSION = "2.13";
/** The binding of the log that Kafka's own distribution has as well; without one it says nothing when it fails. */
export const LOG4J_VERSION = "2.24.3";
export const JAVA_MAJOR_MIN = 17;
