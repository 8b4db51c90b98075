namespace SeamlessReboot.Angel.CommandLine;

/// <summary>"spool DIR".</summary>
internal static class SpoolVerb
{
    /// <exception cref="AngelException">The directory cannot be read.</exception>
    internal static int Run(string directory, TextWriter output)
    {
        try
        {
            SpoolDump.Write(Path.GetFullPath(directory), output);
            return ExitCodes.Done;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new AngelException(ExitCodes.Refused, $"the spool cannot be read: {e.Message} The server was told the directory as its spool directory, and \"status\" names it.", e);
        }
    }
}
