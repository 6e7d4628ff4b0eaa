import type { LogPort } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import type { LocalHandlers } from "@sluice/engine/participant";
import type { subscription } from "./subscription.flow.ts";

/** Stands in for a mail service. A mail that comes twice is no harm, so nothing is looked up. */
export function mail(log: Pick<LogPort, "info">): LocalHandlers<FlowTypes<typeof subscription>> {
  return {
    async SendMail({ runId, data }) {
      log.info({ runId, to: data.email, mail: data.mail }, "a mail was sent");
      return { type: "MailSent", data: {} };
    },
  };
}
