/** What the balancer needs to know of a node. */
export interface Weighted {
  readonly weight: number
  readonly priority: number
}

interface Turn<T> {
  readonly target: T
  readonly weight: number
  /** How long it has been waiting, in weights. */
  due: number
}

/**
 * Smooth weighted round robin: shares follow the weights, and turns of a heavy node are spread among those of the others. See
 * https://github.com/nginx/nginx/commit/52327e0627f49dbda1e8db695e63a4b0af4448b1
 */
export class Balancer<T extends Weighted> {
  /** By priority, the highest first. */
  readonly #tiers: readonly (readonly Turn<T>[])[]
  /** Targets that get anything at all. */
  readonly size: number

  constructor(targets: readonly T[]) {
    const usable = targets.filter(({ weight }) => weight > 0)
    const priorities = [...new Set(usable.map(({ priority }) => priority))].toSorted((a, b) => b - a)
    this.size = usable.length
    this.#tiers = priorities.map((priority) =>
      usable.filter((target) => target.priority === priority).map((target) => ({ target, weight: target.weight, due: 0 })),
    )
  }

  /** The next one that has not `failed`, of the highest priority that has any. */
  pick(failed?: ReadonlySet<T>): T | undefined {
    for (const tier of this.#tiers) {
      const target = nextOf(tier, failed)
      if (target) return target
    }
    return undefined
  }
}

function nextOf<T>(tier: readonly Turn<T>[], failed: ReadonlySet<T> | undefined): T | undefined {
  let next: Turn<T> | undefined
  let total = 0
  for (const turn of tier) {
    if (failed?.has(turn.target)) continue
    turn.due += turn.weight
    total += turn.weight
    if (!next || turn.due > next.due) next = turn
  }
  if (next) next.due -= total
  return next?.target
}
