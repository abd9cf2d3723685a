import { defineProvider, type Provider } from '@sluice/provider'

/** DeepSeek's API, which has no version in its paths: https://api-docs.deepseek.com. */
export const deepseek: Provider = defineProvider({
  name: 'deepseek',
  origin: 'https://api.deepseek.com',
  base: '',
  speaks: {
    'openai-chat': {
      tokenLimit: { member: 'max_tokens', replaces: ['max_completion_tokens'] },
      // It wants back what it thought before it called tools.
      extensions: ['reasoning_content'],
    },
  },
})
