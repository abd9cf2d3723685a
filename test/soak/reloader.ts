import { appendFile, rename, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Dice } from './dice.ts'
import { configOf, invalidText, type Setting } from './soak-config.ts'
import type { Output } from './output.ts'

/** Milliseconds in which the gateway says what it makes of a change. */
const patienceMs = 60_000

export interface ReloaderInit {
  readonly file: string
  readonly setting: Setting
  readonly output: Output
  readonly dice: Dice
}

/** Changes the configuration, time and again, and waits each time for what the gateway says of it. */
export class Reloader {
  readonly #init: ReloaderInit
  #generation = 0
  /** Files that serve, and that must not. */
  applied = 0
  refused = 0
  /** Files that were written in two parts; where the second is late, the first is refused by itself. */
  halved = 0

  constructor(init: ReloaderInit) {
    this.#init = init
  }

  /** One change; an invalid one in one of five cases. */
  async next(): Promise<void> {
    const { setting, dice } = this.#init
    if (dice.perhaps(20)) {
      this.refused += 1
      // The same text again would be no change.
      const text = `${invalidText(setting, this.#generation + dice.below(3))}${' '.repeat(this.refused)}`
      await this.#until('the changed configuration is refused', () => this.#write(text))
    } else {
      this.#generation += 1
      this.applied += 1
      const text = `${JSON.stringify(configOf(setting, this.#generation), undefined, dice.below(2))}\n`
      await this.#until('the configuration has changed', () => this.#write(text))
    }
  }

  /** As editors and tools do: in place, in two writes, or by rename. */
  async #write(text: string): Promise<void> {
    const { file, dice } = this.#init
    switch (dice.below(3)) {
      case 0:
        return writeFile(file, text)
      case 1:
        this.halved += 1
        await writeFile(file, text.slice(0, text.length >> 1))
        await sleep(30)
        return appendFile(file, text.slice(text.length >> 1))
      default:
        await writeFile(`${file}.next`, text)
        return rename(`${file}.next`, file)
    }
  }

  /** Waits until the gateway says it once more than before. */
  async #until(words: string, change: () => Promise<void>): Promise<void> {
    const { output } = this.#init
    const before = output.count(words)
    await change()
    const deadline = performance.now() + patienceMs
    while (output.count(words) === before) {
      if (performance.now() > deadline) throw new Error(`the gateway has not said "${words}" after a change of the file`)
      await sleep(50)
    }
  }
}
