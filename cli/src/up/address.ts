/** What a process is called by those who reach it: on this machine, and from others. */
import { hostname } from "node:os";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** For people and programs on this machine. */
export function listeningUrl({ host, port }: Address): string {
  return urlOf(isEveryAddress(host) ? "localhost" : host, port);
}

/** For the other engines of the deployment: who listens on every address is reached by the name of its machine. */
export function advertisedUrl({ host, port }: Address): string {
  return urlOf(isEveryAddress(host) ? hostname() : host, port);
}

function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
