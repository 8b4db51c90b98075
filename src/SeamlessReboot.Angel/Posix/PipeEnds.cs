namespace SeamlessReboot.Angel.Posix;

/// <summary>The two descriptors of a pipe.</summary>
internal readonly record struct PipeEnds(int Read, int Write);
