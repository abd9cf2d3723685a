#!/usr/bin/env node
import { run } from './cli.ts'
import { collectLessOften } from './collect-less-often.ts'

collectLessOften()
process.exitCode = await run(process.argv, process)
