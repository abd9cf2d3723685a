import type { Answer } from './answer.ts'

/** A request that is not done, and what is answered to it. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly answer: Answer

  constructor(status: number, body: { readonly error_msg: string } & Readonly<Record<string, unknown>>, headers: Answer['headers'] = {}) {
    super(body.error_msg)
    this.answer = { status, body, headers }
  }
}

/** Clients show `error_msg`; none of them reads anything else of an error. */
export function refuse(status: number, message: string): Refusal {
  return new Refusal(status, { error_msg: message })
}
