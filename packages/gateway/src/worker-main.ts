import { collectLessOften } from './collect-less-often.ts'
import { runWorker } from './worker.ts'

collectLessOften()
runWorker(Number(process.argv[2]), process.env)
