import { defineProvider, type Provider, type ProviderConf } from '@sluice/provider'

/** Amazon Bedrock, whose models are asked by Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
export const bedrock: Provider = defineProvider({
  name: 'bedrock',
  origin: originOf,
  base: '',
  speaks: {
    // The path says what these would say, and Bedrock knows no members of their names.
    'bedrock-converse': { counts: 'bare', countsAs, tokenLimit: { member: 'inferenceConfig.maxTokens' }, omits: () => ['model', 'stream'] },
    'bedrock-embeddings': {},
  },
  signature: 'aws',
  problems: ({ conf: { region } }) => {
    if (!region) return ['bedrock requires provider_conf.region']
    return isRegion(region) ? [] : ['bedrock: provider_conf.region is not a region, such as us-east-1']
  },
})

/** Tokens are counted for Anthropic's models alone, by the model itself rather than by a profile of a region's: https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html */
function countsAs(model: string): string | undefined {
  return /^(?:[a-z]+\.)?(anthropic\.claude.+)$/.exec(model)?.[1]
}

/** https://docs.aws.amazon.com/general/latest/gr/bedrock.html */
function originOf({ region }: ProviderConf): string | undefined {
  if (!region || !isRegion(region)) return undefined
  return `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

/** Becomes part of a host name, where anything else would send the credentials elsewhere. */
function isRegion(region: string): boolean {
  return /^[a-z](?:[a-z0-9-]{0,50}[a-z0-9])?$/.test(region)
}
