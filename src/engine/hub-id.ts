/** ORGANIZATION/NAME, of a model on the hub; what looks like a path is none. */
export function isHubId(name: string): boolean {
  return /^\w[\w.-]*\/[\w.-]+$/.test(name);
}
