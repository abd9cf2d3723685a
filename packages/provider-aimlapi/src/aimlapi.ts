import { defineProvider, type Provider } from '@sluice/provider'

/** AI/ML API, an aggregator in OpenAI's dialect: https://docs.aimlapi.com. */
export const aimlapi: Provider = defineProvider({
  name: 'aimlapi',
  origin: 'https://api.aimlapi.com',
  speaks: {
    'openai-chat': { tokenLimit: { member: 'max_tokens', replaces: ['max_completion_tokens'] } },
  },
})
