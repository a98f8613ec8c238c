/** A number that a test found, for whoever reads its output. */
export function measured(what: string, value: string): void {
  process.stdout.write(`measured: ${what}: ${value}\n`);
}
