import { expect, test } from 'vitest'
import { azureOpenai } from '../src/index.ts'

const speeches = Object.entries(azureOpenai.speaks)

test.for(speeches)('takes the model out of %s where a deployment in the path is the model', ([, speech]) => {
  expect(speech.omits!('/openai/deployments/gpt-4/chat/completions')).toEqual(['model'])
  expect(speech.omits!('/team-a/openai/deployments/gpt-4/chat/completions')).toEqual(['model'])
})

test.for(speeches)('leaves the model in %s where the body must name it', ([, speech]) => {
  expect(speech.omits!('/openai/v1/chat/completions')).toEqual([])
  expect(speech.omits!('/models/chat/completions')).toEqual([])
  expect(speech.omits!('/openai/deployments')).toEqual([])
})

test.for([undefined, ''])('has no address of its own, so it refuses an endpoint of %j', (endpoint) => {
  expect(azureOpenai.origin).toBeUndefined()
  expect(azureOpenai.problems!({ conf: {}, endpoint })).toEqual(['azure-openai requires override.endpoint'])
})

test('is content with an endpoint', () => {
  expect(azureOpenai.problems!({ conf: {}, endpoint: 'https://x.openai.azure.com' })).toEqual([])
})
