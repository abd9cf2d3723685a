import { setFlagsFromString } from 'node:v8'

/** The first version of Node whose V8 is known to have the flag; one that has not complains of it. */
const firstNode = 26

/**
 * Has V8 count what lies outside of its heap, all bodies among it, into the one limit at which it collects. By itself it
 * has a limit of its own for that, and goes over its whole heap after every 25 MB or so that were received: half of
 * what a body of 1 MB costs. For the program, at its start; a library leaves its process alone.
 */
export function countBodiesAsHeap(): void {
  if (Number.parseInt(process.versions.node) < firstNode) return
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}
