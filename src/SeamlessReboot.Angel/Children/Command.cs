namespace SeamlessReboot.Angel.Children;

/// <summary>The arguments of an exec.</summary>
/// <param name="Path">The program file.</param>
/// <param name="Arguments">With the program's name first.</param>
internal sealed record Command(string Path, IReadOnlyList<string> Arguments);
