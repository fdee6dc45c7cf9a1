/** The part of noVNC that the viewer uses. The package has no types of its own. */
declare module "@novnc/novnc" {
  export interface RfbEvents {
    connect: CustomEvent<Record<string, never>>;
    disconnect: CustomEvent<{ clean: boolean }>;
    securityfailure: CustomEvent<{ status: number; reason?: string }>;
    credentialsrequired: CustomEvent<{ types: string[] }>;
    clipboard: CustomEvent<{ text: string }>;
    desktopname: CustomEvent<{ name: string }>;
  }

  export default class RFB {
    /** Internal: writes messages; the tests look at them. */
    static readonly messages: {
      extendedClipboardProvide(
        socket: {
          sQpush8(value: number): void;
          sQpush32(value: number): void;
          sQpushBytes(bytes: Uint8Array): void;
          flush(): void;
        },
        formats: number[],
        texts: string[],
      ): void;
    };
    constructor(target: HTMLElement, urlOrChannel: string | WebSocket, options?: { shared?: boolean });
    background: string;
    scaleViewport: boolean;
    clipViewport: boolean;
    /** Asks the server to resize the desktop to the window, at once and whenever the window changes. */
    resizeSession: boolean;
    viewOnly: boolean;
    /** Internal: the server takes QEMU's extended key events. False until its first update. */
    readonly _qemuExtKeyEventSupported: boolean;
    /** Internal: the server has sent a Fence. */
    readonly _supportsFence: boolean;
    /** 0 (least data) to 9. */
    qualityLevel: number;
    /** 0 (least effort) to 9. */
    compressionLevel: number;
    /** Internal: what is drawn is shown. */
    readonly _display: { flip: (fromQueue?: boolean) => void };
    focusOnClick: boolean;
    /** A dot where the desktop shows no pointer. */
    showDotCursor: boolean;
    /** Internal: the pointer moves, and its picture with it. x and y are of the canvas as it is shown. */
    _fakeMouseMove(
      event: { readonly detail: { readonly clientX: number; readonly clientY: number } },
      x: number,
      y: number,
    ): void;
    /** Internal: buttons are pressed or let go, by RFB's mask. */
    _handleMouseButton(x: number, y: number, mask: number): void;
    addEventListener<K extends keyof RfbEvents>(type: K, listener: (event: RfbEvents[K]) => void): void;
    removeEventListener<K extends keyof RfbEvents>(type: K, listener: (event: RfbEvents[K]) => void): void;
    focus(): void;
    blur(): void;
    disconnect(): void;
    sendCtrlAltDel(): void;
    /** `down` omitted: press and release. */
    sendKey(keysym: number, code: string | null, down?: boolean): void;
    clipboardPasteFrom(text: string): void;
    toBlob(callback: (blob: Blob | null) => void, type?: string): void;
  }
}
