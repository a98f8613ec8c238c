/** A server that the search for one has found, for `init`. `refused`: it answers, but not with this key. `silent`: nothing that lists models answers. */
export type FoundServer = {
  /** as given, or the address that was found */
  readonly baseUrl: string;
  readonly models: readonly string[];
  readonly state: 'answers' | 'refused' | 'silent';
};
