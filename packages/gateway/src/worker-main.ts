import { runWorker } from './worker.ts'

runWorker(Number(process.argv[2]), process.env)
