import { silent, type Kernel } from '@sluice/kernel'
import { builtInOf, envOf } from './environment.ts'
import { createKernel } from './read-config.ts'

/** A kernel with the plugins of the gateway and, where a file has a `gateway` section, those that it names and that are there. */
export async function kernelOfFile(settings: { readonly file: string; readonly value: unknown } | undefined, env: NodeJS.ProcessEnv): Promise<Kernel> {
  const { file, value } = settings ?? { file: '', value: undefined }
  const { kernel } = await createKernel({ file, env: envOf(env), builtIn: builtInOf(env), log: silent }, value)
  return kernel
}
