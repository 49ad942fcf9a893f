// The camera and the QR reader. Frames are read on the phone and go nowhere.

import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

export type CameraFault = "camera_denied" | "camera_missing";

// Its default is to load from a CDN.
prepareZXingModule({ overrides: { locateFile: (path: string) => `/${path}` } });

/** Frames are shrunk to this; a QR code of 60 characters needs no more, and reading takes 10 ms. */
const maxWidth = 800;
const intervalMs = 120;

/** Shows the camera in video and gives each text read to found, until stopped or found says enough. */
export async function watch(video: HTMLVideoElement, signal: AbortSignal, found: (text: string) => Promise<boolean>): Promise<CameraFault | undefined> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch (e) {
    return e instanceof DOMException && e.name === "NotAllowedError" ? "camera_denied" : "camera_missing";
  }
  try {
    video.srcObject = stream;
    await video.play();
    const canvas = document.createElement("canvas");
    const over = (): boolean => signal.aborted;
    while (!over()) {
      const text = await readFrame(video, canvas);
      if (text !== undefined && !over() && await found(text)) return undefined;
      await new Promise((r) => setTimeout(r, intervalMs));
    }
  } catch (e) {
    // Leaving the screen interrupts play().
    if (!signal.aborted) throw e;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
  return undefined;
}

async function readFrame(video: HTMLVideoElement, canvas: HTMLCanvasElement): Promise<string | undefined> {
  if (video.videoWidth === 0) return undefined;
  const scale = Math.min(1, maxWidth / video.videoWidth);
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return undefined;
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  const results = await readBarcodes(image, { formats: ["QRCode"], maxNumberOfSymbols: 1 });
  return results.find((r) => r.isValid)?.text;
}
