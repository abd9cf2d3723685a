import { defineProvider, type Call, type Provider, type ProviderConf } from '@sluice/provider'
import { isDeployment, isResource, problems } from './problems.ts'

/**
 * OpenAI's models in Azure: https://learn.microsoft.com/azure/ai-foundry/openai/reference. An `api_version` that is a date asks
 * a deployment, which the path names; without one it is the v1 API, where the body does.
 */
export const azureOpenai: Provider = defineProvider({
  name: 'azure-openai',
  origin: ({ resource }) => (resource !== undefined && isResource(resource) ? `https://${resource.toLowerCase()}.openai.azure.com` : undefined),
  base: '/openai/v1',
  speaks: {
    'openai-chat': {
      path: (call) => pathOf(call, '/chat/completions'),
      model,
      tokenLimit: { member: 'max_tokens', replaces: ['max_completion_tokens'] },
      omits,
    },
    // Deployments have no Responses: they are the v1 API's, whichever version the others are asked in.
    'openai-responses': { model, tokenLimit: { member: 'max_output_tokens' }, omits },
    'openai-embeddings': { path: (call) => pathOf(call, '/embeddings'), model, omits },
  },
  problems,
})

function pathOf({ conf, model: asked }: Call, operation: string): string | undefined {
  const { api_version: version, deployment = asked } = conf
  if (version === undefined) return `/openai/v1${operation}`
  if (deployment === undefined || !isDeployment(deployment)) return undefined
  return `/openai/deployments/${deployment}${operation}?api-version=${encodeURIComponent(version)}`
}

function model({ deployment }: ProviderConf): string | undefined {
  return deployment
}

/** A deployment in the path is the model; `/openai/v1` and AI Foundry want it in the body. A prefix may come first. */
function omits(path: string): readonly string[] {
  return path.includes('/openai/deployments/') ? ['model'] : []
}
