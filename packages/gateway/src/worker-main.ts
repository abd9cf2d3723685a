import { countBodiesAsHeap } from './count-bodies-as-heap.ts'
import { runWorker } from './worker.ts'

countBodiesAsHeap()
runWorker(Number(process.argv[2]), process.env)
