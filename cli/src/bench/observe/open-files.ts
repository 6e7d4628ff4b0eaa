/** How many files and connections this process may have open; Node has raised its limit to the highest at its start. */

interface Report {
  readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
}

/** Infinity where there is no limit, or none is known. */
export function openFilesMax(): number {
  const report = process.report.getReport() as Report;
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === "number" ? soft : Number.POSITIVE_INFINITY;
}
