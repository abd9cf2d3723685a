import { defineProvider, type Provider } from '@sluice/provider'

/** OpenAI's models in Azure: https://learn.microsoft.com/azure/ai-foundry/openai/reference. */
export const azureOpenai: Provider = defineProvider({
  name: 'azure-openai',
  base: '/openai/v1',
  speaks: {
    'openai-chat': { tokenLimit: { member: 'max_tokens', replaces: ['max_completion_tokens'] }, omits },
    'openai-responses': { tokenLimit: { member: 'max_output_tokens' }, omits },
    'openai-embeddings': { omits },
  },
  problems: ({ endpoint }) => (endpoint ? [] : ['azure-openai requires override.endpoint']),
})

/** A deployment in the path is the model; `/openai/v1` and AI Foundry want it in the body. A prefix may come first. */
function omits(path: string): readonly string[] {
  return path.includes('/openai/deployments/') ? ['model'] : []
}
