/** What etcd refuses to do, in its own words. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError'
  /** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
  readonly code: number

  constructor(message: string, code: number) {
    super(message)
    this.code = code
  }

  /** What was asked for is of a revision that etcd does not remember. */
  get isCompacted(): boolean {
    return this.code === 11
  }

  /** Whoever asks has to show again who that is. */
  get isUnauthenticated(): boolean {
    return this.code === 16 || /invalid auth token|revision in header is old/.test(this.message)
  }

  /** Another member may do it: this one has no leader, for one, or gave up waiting. */
  get isOfMember(): boolean {
    return this.code === 14 || this.code === 4
  }
}

/** No member of etcd answers. */
export class EtcdAwayError extends Error {
  override readonly name = 'EtcdAwayError'
  /** One of them may have got what was sent, and have done it. */
  readonly mayBeDone: boolean

  constructor(message: string, mayBeDone: boolean) {
    super(message)
    this.mayBeDone = mayBeDone
  }
}
