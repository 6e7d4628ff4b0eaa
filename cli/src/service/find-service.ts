import type { AppService, SluiceApp } from "../app.ts";
import { cliError } from "../errors.ts";

export interface NamedService extends AppService {
  readonly name: string;
}

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** @throws CLI_BAD_APP (invalid) that names the services there are */
export function requireService({ name: app, services = {} }: SluiceApp, name: string): NamedService {
  const names = Object.keys(services);
  const misnamed = names.find((each) => !NAME.test(each));
  if (misnamed !== undefined)
    throw cliError(
      "CLI_BAD_APP",
      `${app}: a service is named "${misnamed}", expected kebab-case such as seat-plan`,
    );
  const service = Object.hasOwn(services, name) ? services[name] : undefined;
  if (service === undefined) {
    const known = names.length === 0 ? "and the app has no services" : `expected one of: ${names.join(", ")}`;
    throw cliError("CLI_BAD_APP", `${app} has no service ${name}, ${known}`);
  }
  if (typeof service.open !== "function")
    throw cliError("CLI_BAD_APP", `${app}: the service ${name} has no function \`open\``);
  return { ...service, name };
}
