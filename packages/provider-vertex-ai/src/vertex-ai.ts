import { defineProvider, type Provider, type ProviderConf } from '@sluice/provider'

/**
 * Google's models in Vertex AI: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference, and for chats
 * its OpenAI-compatible endpoint, https://cloud.google.com/vertex-ai/generative-ai/docs/start/openai.
 */
export const vertexAi: Provider = defineProvider({
  name: 'vertex-ai',
  origin: originOf,
  base: baseOf,
  speaks: {
    'openai-chat': {
      tokenLimit: { member: 'max_completion_tokens', replaces: ['max_tokens'] },
      extensions: ['extra_content'],
    },
    gemini: { base: nativeBaseOf, counts: 'bare', tokenLimit: { member: 'generationConfig.maxOutputTokens' } },
    'vertex-predict': { base: nativeBaseOf },
  },
  native: 'gemini',
  problems,
})

/** Multi-regions have hosts of their own: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations. */
const multiRegions = new Set(['us', 'eu'])

function originOf({ region }: ProviderConf): string | undefined {
  if (!region || !isRegion(region)) return undefined
  if (region === 'global') return 'https://aiplatform.googleapis.com'
  if (multiRegions.has(region)) return `https://aiplatform.${region}.rep.googleapis.com`
  return `https://${region}-aiplatform.googleapis.com`
}

function baseOf(conf: ProviderConf): string | undefined {
  const location = locationOf(conf)
  return location === undefined ? undefined : `/v1beta1/${location}/endpoints/openapi`
}

function nativeBaseOf(conf: ProviderConf): string | undefined {
  const location = locationOf(conf)
  return location === undefined ? undefined : `/v1/${location}/publishers/google`
}

function locationOf({ project_id: project, region }: ProviderConf): string | undefined {
  if (!project || !region || !isProject(project) || !isRegion(region)) return undefined
  return `projects/${encodeURIComponent(project)}/locations/${region}`
}

function problems({
  conf,
  endpoint,
}: {
  conf: ProviderConf
  endpoint: string | undefined
}): readonly string[] {
  const { project_id: project, region } = conf
  const found: string[] = []
  if (!endpoint && !(project && region)) {
    found.push('vertex-ai requires either provider_conf (project_id + region) or override.endpoint')
  }
  if (project && !isProject(project)) {
    found.push(
      'vertex-ai: provider_conf.project_id is not a project id, such as my-project or example.com:my-project',
    )
  }
  if (region && !isRegion(region)) {
    found.push('vertex-ai: provider_conf.region is not a region, such as us-central1, global or eu')
  }
  return found
}

/** Becomes part of a host name, where anything else would send the credentials elsewhere. */
function isRegion(region: string): boolean {
  return /^[a-z](?:[a-z0-9-]{0,50}[a-z0-9])?$/.test(region)
}

/** An id, a number, or an id under a domain; a name made of dots would climb out of the path. */
function isProject(project: string): boolean {
  return /^[a-z0-9][a-z0-9.:-]{0,127}$/i.test(project)
}
