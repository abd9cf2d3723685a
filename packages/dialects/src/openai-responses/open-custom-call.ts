import { JsonEnd } from '../translate/json-end.ts'
import { inputIn } from './custom-tools.ts'
import type { CustomCallItem, ItemStatus, Tell } from './wire.ts'

/**
 * A call of a tool whose input is a text. The provider was told of a function, so the text comes as JSON, and is held until
 * all of it is there.
 */
export class OpenCustomCall {
  readonly item: CustomCallItem
  readonly outputIndex: number
  readonly #tell: Tell | undefined
  readonly #end = new JsonEnd()
  #held = ''

  constructor(id: string, callId: string, name: string, outputIndex: number, tell: Tell | undefined) {
    this.item = { id, type: 'custom_tool_call', call_id: callId, name, input: '' }
    this.outputIndex = outputIndex
    this.#tell = tell
  }

  /** Nothing can follow but white space. */
  get isWhole(): boolean {
    return this.#end.isWhole
  }

  text(piece: string): void {
    this.#held += piece
    this.#end.see(piece)
  }

  /** Of a call that was cut off nothing is told: half of a text may look like all of it. */
  close(status: ItemStatus): void {
    if (status === 'completed') this.item.input = inputIn(this.#held)
    const input = JSON.stringify(this.item.input)
    const at = `"item_id":${JSON.stringify(this.item.id)},"output_index":${this.outputIndex}`
    if (this.item.input !== '') this.#tell?.('response.custom_tool_call_input.delta', `${at},"delta":${input}`)
    this.#tell?.('response.custom_tool_call_input.done', `${at},"input":${input}`)
  }
}
