import { rmSync } from 'node:fs'

// Outlives a benchmark that was killed, and tidies up behind it: ends the gateways that it started, removes its files.
// The other processes end by themselves when their channel closes. Started with `fork`: the folder.

type Watch = { readonly add: number } | { readonly drop: number }

const [folder] = process.argv.slice(2)
const pids = new Set<number>()

process.on('message', (watch: Watch) => {
  if ('add' in watch) pids.add(watch.add)
  else pids.delete(watch.drop)
})
// A key press in the terminal reaches every process of the group; this one has yet to tidy up.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
  }
  if (folder) rmSync(folder, { recursive: true, force: true })
  process.exit()
})
