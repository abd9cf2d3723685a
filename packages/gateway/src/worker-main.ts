import { tuneCollector } from './tune-collector.ts'
import { runWorker } from './worker.ts'

tuneCollector()
runWorker(Number(process.argv[2]), process.env)
