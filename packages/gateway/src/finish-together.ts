/** An answer of which all that is left is to be sent. */
export interface Finishing {
  finish(): void
}

/** So many wait at most, lest the first of them waits for long. */
const most = 32

const waiting: Finishing[] = []
let isAwaited = false

/**
 * Has an answer sent behind everything else that the process has been given to do by now, together with the other answers to that:
 * at once where there is nothing else. Whoever writes to a client that sleeps has to wake it, which costs more than
 * the write; of several answers in a row, only the first one finds it asleep.
 */
export function finishTogether(answer: Finishing): void {
  if (waiting.push(answer) >= most) return finishAll()
  if (isAwaited) return
  isAwaited = true
  setImmediate(() => {
    isAwaited = false
    finishAll()
  })
}

function finishAll(): void {
  for (const answer of waiting.splice(0)) answer.finish()
}
