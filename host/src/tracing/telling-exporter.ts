import type { SpanExporter } from "@opentelemetry/sdk-trace";
import type { Log } from "../log.ts";

/** An exporter whose failures are told: the first of a row, and that it goes on again. */
export function telling(exporter: SpanExporter, log: Log): SpanExporter {
  let lost = 0;
  return {
    export(spans, resultCallback) {
      exporter.export(spans, (result) => {
        // 0 is success (ExportResultCode of OpenTelemetry).
        if (result.code !== 0) {
          if (lost === 0)
            log.warn(
              { err: result.error },
              "spans cannot be exported and are dropped until a collector takes them again; all else goes on",
            );
          lost += spans.length;
        } else if (lost > 0) {
          log.info({ lost }, "spans are exported again");
          lost = 0;
        }
        resultCallback(result);
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}
