import type { BigIntStats } from 'node:fs'

/** Differs whenever a file may have been replaced or changed. */
export function identityOfFile({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

/** Milliseconds for which a file system may give two changes the same time. */
const clockTick = 20

/** Whether a file was written so lately that another write might not show in its time. */
export function isRecent({ mtimeNs }: BigIntStats): boolean {
  return Number(mtimeNs / 1_000_000n) > Date.now() - clockTick
}
