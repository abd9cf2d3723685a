import type { Scalar } from './equality.ts'
import type { Test } from './operator.ts'
import type { Variable } from './variable.ts'

/** A compiled condition on an exchange. Pure: it may be asked as often as one likes. */
export interface Predicate<C> {
  /** The answer. Where `needsBody` is true the body must have been read. */
  test(context: C): boolean
  /** The answer where it does not depend on the body, else `undefined`. Touches no variable that needs the body. */
  testWithoutBody(context: C): boolean | undefined
  readonly needsBody: boolean
  /** What must hold, at the least, for the condition to hold: each variable equals one of the values. For indexes. */
  readonly equalities: readonly Equality<C>[]
  /** It holds just where its one equality does. */
  readonly isEquality?: boolean
}

/** A variable has one of these values, in the sense of `==`. */
export interface Equality<C> {
  readonly name: string
  readonly variable: Variable<C>
  /** As configured; never `null`. */
  readonly values: readonly NonNullable<Scalar>[]
}

/** A condition whose answer is known already. */
export function constant<C>(answer: boolean): Predicate<C> {
  return { test: () => answer, testWithoutBody: () => answer, needsBody: false, equalities: [] }
}

/** A condition on one variable. */
export function condition<C>(variable: Variable<C>, test: Test, equalities: readonly Equality<C>[]): Predicate<C> {
  const needsBody = variable.needsBody ?? false
  const judge = (context: C): boolean => test(variable.read(context))
  return { test: judge, testWithoutBody: needsBody ? () => undefined : judge, needsBody, equalities, isEquality: equalities.length === 1 }
}

/** True when all are; what needs the body is asked last. */
export function all<C>(parts: readonly Predicate<C>[]): Predicate<C> {
  const [only] = parts
  if (only && parts.length === 1) return only
  return { ...combined(parts, false), equalities: parts.flatMap((part) => part.equalities) }
}

/** True when one is; what needs the body is asked last. */
export function any<C>(parts: readonly Predicate<C>[]): Predicate<C> {
  return combined(parts, true)
}

/** The opposite. */
export function opposite<C>(part: Predicate<C>): Predicate<C> {
  return {
    test: (context) => !part.test(context),
    testWithoutBody(context) {
      const answer = part.testWithoutBody(context)
      return answer === undefined ? undefined : !answer
    },
    needsBody: part.needsBody,
    equalities: [],
  }
}

/** Asks the parts in turn until one answers with `decisive`. */
function combined<C>(parts: readonly Predicate<C>[], decisive: boolean): Predicate<C> {
  const ordered = parts.toSorted((a, b) => Number(a.needsBody) - Number(b.needsBody))
  return {
    test(context) {
      for (const part of ordered) if (part.test(context) === decisive) return decisive
      return !decisive
    },
    testWithoutBody(context) {
      let answer: boolean | undefined = !decisive
      for (const part of ordered) {
        const one = part.testWithoutBody(context)
        if (one === decisive) return decisive
        if (one === undefined) answer = undefined
      }
      return answer
    },
    needsBody: parts.some((part) => part.needsBody),
    equalities: [],
  }
}
