import type { BigIntStats } from 'node:fs'

/** Differs whenever a file may have been replaced or changed. */
export function identityOfFile({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

/** Milliseconds for which a file system may give two changes the same time. */
const clockTick = 20

/** Whether a file was changed so lately that another change might not show in its times. */
export function isRecent({ mtimeNs, ctimeNs }: BigIntStats): boolean {
  const latest = mtimeNs > ctimeNs ? mtimeNs : ctimeNs
  return Number(latest / 1_000_000n) > Date.now() - clockTick
}
