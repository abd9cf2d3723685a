import { defineProvider, type Provider } from '@sluice/provider'

/**
 * Anthropic's Messages API, https://docs.anthropic.com/en/api/messages, and for chats its OpenAI-compatible endpoint,
 * https://docs.anthropic.com/en/api/openai-sdk.
 */
export const anthropic: Provider = defineProvider({
  name: 'anthropic',
  origin: 'https://api.anthropic.com',
  speaks: {
    'openai-chat': { tokenLimit: { member: 'max_tokens', replaces: ['max_completion_tokens'] } },
    'anthropic-messages': { counts: 'bare', tokenLimit: { member: 'max_tokens' } },
  },
  native: 'anthropic-messages',
  headers: { 'anthropic-version': '2023-06-01' },
})
