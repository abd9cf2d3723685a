import { setFlagsFromString } from 'node:v8'

/**
 * Fits V8's collector to a process in which next to everything lives as long as one exchange. For the program, at its
 * start: a library leaves its process alone.
 */
export function tuneCollector(): void {
  // Memory may grow by so many percent of what a collection of the whole heap has left, before the next one. By itself V8 has one for
  // every 17 bodies of 1 MB or so: nearly half of what such a body costs. Takes some 40 MB under such a load.
  setFlagsFromString('--heap-growing-percent=200')
  // V8 makes objects among the old ones at once where those of the same code have outlived a collection. Here that only says that
  // it came while requests were in flight; what such an object holds then waits for a collection of the whole heap.
  setFlagsFromString('--no-allocation-site-pretenuring')
  // A process with little to do is collected so thoroughly that the shapes of all objects of which none is in use are forgotten, and all
  // machine code that knows them with them: the next thousands of requests cost twice as much. Takes some 20 MB in an idle process.
  setFlagsFromString('--memory-reducer-gc-count=0')
}
