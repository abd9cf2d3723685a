import { createCli } from '@sluice/gateway'
import { runCommand, type Done, type Shell } from '../../packages/cli/test/support/in-process.ts'
import { startGateway, type TestConfig, type TestGateway, type TestOptions } from './start-gateway.ts'
import { smallAnswer, startUpstream } from './upstream.ts'

export interface CommandLine extends TestGateway {
  /** Of the Admin API. */
  readonly server: string
  readonly token: string
  /** Of a provider that answers. */
  readonly endpoint: string
  /** Runs `sluice` in this process, with address and key of the Admin API in its environment. */
  sluice(args: readonly string[], shell?: Shell): Promise<Done>
}

/** A gateway in this process that keeps its resources in memory, and the program to change them with; it ends with the test. */
export async function startCommandLine({ gateway = {}, ...resources }: TestConfig = {}, options: TestOptions = {}): Promise<CommandLine> {
  const token = 'admin-secret-1'
  const provider = await startUpstream((_, res) => void res.setHeader('content-type', 'application/json').end(smallAnswer))
  const settings = { admin: { listen: { host: '127.0.0.1', port: 0 }, key: token }, store: { type: 'memory' }, ...(gateway as object) }
  const started = await startGateway({ ...resources, gateway: settings }, options)
  const server = `http://127.0.0.1:${started.gateway.adminAddress?.port}`
  return {
    ...started,
    server,
    token,
    endpoint: `${provider.url}/v1/chat/completions`,
    sluice: (args, shell = {}) => runCommand(createCli, args, { ...shell, env: { SLUICE_SERVER: server, SLUICE_TOKEN: token, ...shell.env } }),
  }
}
