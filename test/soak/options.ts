import { parseArgs } from 'node:util'

export const help = `npm run soak -- [options]

Runs the gateway for a while under everything at once: whole and streamed requests in each dialect, providers that go wrong in every way
that mock-llm knows, clients that leave, read slowly or speak no HTTP, and a configuration that changes all the time.

  --minutes N   how long, 10 unless given
  --seconds N   the same for a short run; below two minutes memory is shown and not judged
  --seed N      the same mix again (default: another one each time; it is printed)
  --clients N   how many at once, 32 unless given
  --workers N   processes of the gateway, 1 unless given
  --keep        leave the folder with the configuration, the log and what the gateway printed
  --help        this text

Exits with 1 when memory has grown, an exchange was not settled as its client saw it, or the log has a line that nothing explains.`

export interface Options {
  readonly wantsHelp: boolean
  readonly seconds: number
  readonly seed: number
  readonly clients: number
  readonly workers: number
  readonly keeps: boolean
}

/** Throws an error with a sentence for the user when they do not fit. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      clients: { type: 'string' },
      workers: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.minutes !== undefined && values.seconds !== undefined) throw new Error('give --minutes or --seconds, not both')
  return {
    wantsHelp: values.help,
    seconds: values.seconds === undefined ? numberOf('--minutes', values.minutes, 10, 0.1) * 60 : numberOf('--seconds', values.seconds, 0, 5),
    seed: numberOf('--seed', values.seed, Date.now() % 1_000_000, 0),
    clients: numberOf('--clients', values.clients, 32, 1),
    workers: numberOf('--workers', values.workers, 1, 1),
    keeps: values.keep,
  }
}

function numberOf(option: string, text: string | undefined, byDefault: number, least: number): number {
  const value = text === undefined ? byDefault : Number(text)
  if (!Number.isFinite(value) || value < least) throw new Error(`${option} is "${text}", not a number from ${least}`)
  return value
}
