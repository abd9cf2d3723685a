import { defineProvider, type Provider } from '@sluice/provider'

/** OpenAI's own API: https://platform.openai.com/docs/api-reference. */
export const openai: Provider = defineProvider({
  name: 'openai',
  origin: 'https://api.openai.com',
  speaks: {
    // Reasoning models refuse `max_tokens`; every chat model takes the newer name.
    'openai-chat': {
      tokenLimit: { member: 'max_completion_tokens', replaces: ['max_tokens'] },
      extensions: ['verbosity', 'prompt_cache_key', 'prompt_cache_retention', 'safety_identifier'],
    },
    'openai-responses': { tokenLimit: { member: 'max_output_tokens' } },
    'openai-embeddings': {},
  },
})
