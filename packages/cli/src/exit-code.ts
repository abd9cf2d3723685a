/** What the shell is told: all is well, something went wrong, or what is asked for differs from what is there. */
export const exitCode = { same: 0, failed: 1, different: 2 } as const
