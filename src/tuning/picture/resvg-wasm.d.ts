/** What is used of `@resvg/resvg-wasm`, whose own types are not found by its `exports` and need those of a browser. */
declare module '@resvg/resvg-wasm' {
  export function initWasm(wasm: Uint8Array): Promise<void>;

  type Options = {
    readonly fitTo: { readonly mode: 'width'; readonly value: number };
    readonly font: { readonly fontBuffers: readonly Uint8Array[]; readonly defaultFontFamily: string };
  };

  /** The memory of both objects is that of WebAssembly, which nothing else gives back. */
  export class Resvg {
    constructor(svg: string, options: Options);
    render(): { asPng(): Uint8Array; free(): void };
    free(): void;
  }
}
