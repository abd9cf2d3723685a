import type { Awaitable } from '@sluice/kernel'

/** What `go` makes of a value; at once where the value is there, so that no promise is made for nothing. */
export function andThen<T, R>(value: Awaitable<T>, go: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(go) : go(value)
}
