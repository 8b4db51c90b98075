namespace SeamlessReboot.Angel.Children;

/// <summary>What is handed to the kernel.</summary>
/// <param name="Path">The program file.</param>
/// <param name="Arguments">With the program's name first.</param>
internal sealed record Command(string Path, IReadOnlyList<string> Arguments);
