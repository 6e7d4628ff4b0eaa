/** The page that `type` of every problem points to: Markdown as it is written, with an anchor per code. */
import type { FastifyInstance } from "fastify";

/** Serves `/docs/errors`; a heading or table cell that holds a code becomes the anchor `#CODE`. */
export function registerErrorsPage(app: FastifyInstance, markdown: string): void {
  const page = errorsPage(markdown);
  app.get("/docs/errors", { schema: { hide: true } }, (_request, reply) => {
    void reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    return page;
  });
}

function errorsPage(markdown: string): string {
  const seen = new Set<string>();
  const text = escape(markdown).replace(/\b[A-Z]+(?:_[A-Z]+)+\b/g, (code) => {
    if (seen.has(code)) return code;
    seen.add(code);
    return `<b id="${code}">${code}</b>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Errors</title>
<style>pre { white-space: pre-wrap; max-width: 60rem; margin: 2rem auto; line-height: 1.5 } :target { background: #fe9 }</style>
<pre>${text}</pre>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
