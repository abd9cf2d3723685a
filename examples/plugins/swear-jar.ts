// Bleeps words out of answers, whole and streamed alike: one guard for both.
import { editEvents } from '@sluice/ai-core'
import { definePlugin, Type } from '@sluice/kernel'

export const swearJar = definePlugin({
  name: 'swear-jar',
  priority: 1020,
  schema: Type.Object({ words: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }) }),
  setup: ({ words }) => ({
    async proxy(ctx, next) {
      return editEvents(ctx, await next(), {
        onEvent({ bytes }) {
          const text = bytes.toString('utf8')
          const clean = words.reduce((kept, word) => kept.replaceAll(word, '*'.repeat(word.length)), text)
          return clean === text ? undefined : [Buffer.from(clean)] // what is left alone keeps its bytes
        },
      })
    },
  }),
})
