/** Options of a test in seconds of the wall clock: on a machine that stands still for some of them it may take another attempt. */
export const IN_SECONDS = { retry: 2 };
