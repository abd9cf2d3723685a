import { InvalidConfigError } from '@sluice/gateway'
import { openGateway, type TestConfig, type TestOptions } from './start-gateway.ts'

/** What is wrong with a configuration, one text for each problem; none where a gateway starts with it. */
export async function problemsOf(config: TestConfig, options?: TestOptions): Promise<readonly string[]> {
  try {
    const gateway = await openGateway(config, options)
    await gateway.close()
    return []
  } catch (error) {
    if (error instanceof InvalidConfigError) return error.problems
    throw error
  }
}
