import { defineProvider, type Provider } from '@sluice/provider'

/** OpenRouter, an aggregator in OpenAI's dialect: https://openrouter.ai/docs/api-reference/overview. */
export const openrouter: Provider = defineProvider({
  name: 'openrouter',
  origin: 'https://openrouter.ai',
  base: '/api/v1',
  speaks: {
    'openai-chat': {
      tokenLimit: { member: 'max_tokens', replaces: ['max_completion_tokens'] },
      extensions: ['reasoning_details', 'cache_control', 'top_k', 'verbosity'],
    },
    'openai-embeddings': {},
  },
})
