#!/usr/bin/env node
import { run } from './cli.ts'
import { countBodiesAsHeap } from './count-bodies-as-heap.ts'

countBodiesAsHeap()
process.exitCode = await run(process.argv, process.env)
