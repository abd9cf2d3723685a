import type { ToolCallDelta } from '../pivot/chat-chunk.ts'
import { UpstreamNonsense } from './errors.ts'
import { JsonEnd } from './json-end.ts'

/** A call that waits until the one before it is whole. */
interface WaitingCall {
  readonly first: ToolCallDelta
  text: string
}

/** Puts the pieces of parallel calls one call after the other, for dialects whose blocks come so. */
export class CallsInOrder {
  readonly #maxHeld: number
  #open: { readonly index: number; readonly end: JsonEnd } | undefined
  readonly #waiting = new Map<number, WaitingCall>()
  #heldLength = 0

  /** `maxHeld`: characters that may wait. */
  constructor(maxHeld: number) {
    this.#maxHeld = maxHeld
  }

  /** The pieces that can be told now. One with an id begins a call; the others go on with the one that was begun last. */
  add(call: ToolCallDelta): readonly ToolCallDelta[] {
    const told: ToolCallDelta[] = []
    const open = this.#open
    const waiting = this.#waiting.get(call.index)
    if (open?.index === call.index) this.#tell(open.end, call, told)
    else if (waiting) this.#hold(waiting, call.arguments)
    else if (call.id === undefined) {
      if (call.arguments.trim() !== '') throw new UpstreamNonsense('a tool call goes on after something else has begun')
    } else if (open && !open.end.isWhole) {
      const held: WaitingCall = { first: call, text: '' }
      this.#waiting.set(call.index, held)
      this.#hold(held, call.arguments)
    } else this.#begin(call, told)
    return told
  }

  /** Something else than a call has begun: the open one is over. */
  close(): void {
    this.#open = undefined
  }

  /** What still waits, whole or not. */
  rest(): readonly ToolCallDelta[] {
    const told: ToolCallDelta[] = []
    while (this.#waiting.size > 0) this.#release(told)
    return told
  }

  #begin(call: ToolCallDelta, told: ToolCallDelta[]): void {
    this.#open = { index: call.index, end: new JsonEnd() }
    this.#tell(this.#open.end, call, told)
  }

  #tell(end: JsonEnd, call: ToolCallDelta, told: ToolCallDelta[]): void {
    if (call.id === undefined && call.arguments === '') return
    told.push(call)
    if (call.arguments === '') return
    end.see(call.arguments)
    if (end.isWhole) this.#release(told)
  }

  /** The call that waited longest. */
  #release(told: ToolCallDelta[]): void {
    for (const [index, { first, text }] of this.#waiting) {
      this.#waiting.delete(index)
      this.#heldLength -= text.length
      this.#begin({ ...first, arguments: text }, told)
      return
    }
  }

  #hold(waiting: WaitingCall, text: string): void {
    this.#heldLength += text.length
    if (this.#heldLength > this.#maxHeld) throw new UpstreamNonsense('parallel tool calls are too large to be put in order', 'event_too_large')
    waiting.text += text
  }
}
