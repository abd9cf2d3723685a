/** Whether something has happened before the time was up, in milliseconds. */
export async function within(time: number, happens: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, time, false)
  const inTime = await Promise.race([happens.then(() => true), promise])
  clearTimeout(timer)
  return inTime
}
