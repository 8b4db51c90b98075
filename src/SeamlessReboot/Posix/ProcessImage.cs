namespace SeamlessReboot.Posix;

/// <summary>Finds the program to start, as the shell did, and replaces this process by it.</summary>
internal static unsafe class ProcessImage
{
    /// <summary>Where execve will look: argv[0] itself if it holds a slash, else the first match in PATH.</summary>
    /// <exception cref="FileNotFoundException">No directory in PATH has it.</exception>
    internal static string Resolve(string program, string? path, string workingDirectory)
    {
        if (program.Contains('/', StringComparison.Ordinal))
            return program;
        foreach (string directory in (path ?? "/usr/local/bin:/bin:/usr/bin").Split(':'))
        {
            string candidate = Path.Combine(workingDirectory, directory, program);
            if (IsExecutableFile(candidate))
                return candidate;
        }

        throw new FileNotFoundException($"'{program}' is in no directory of PATH.", program);
    }

    /// <summary>Whether execve would find a file that this process may execute.</summary>
    internal static bool IsExecutableFile(string path) =>
        File.Exists(path) && Mono.Unix.Native.Syscall.access(path, Mono.Unix.Native.AccessModes.X_OK) == 0;

    /// <summary>Replaces the process. Returns only by throwing.</summary>
    /// <exception cref="SyscallException">The kernel refused; the process is as it was.</exception>
    internal static void Execute(string path, IReadOnlyList<byte[]> arguments, IReadOnlyList<byte[]> environment)
    {
        byte** argv = CStrings.MakeVector(arguments), envp = CStrings.MakeVector(environment);
        byte* file = CStrings.Make(path);
        _ = Libc.Execve(file, argv, envp);
        SyscallException failure = SyscallException.Last($"execve(\"{path}\")");
        CStrings.FreeVector(argv);
        CStrings.FreeVector(envp);
        CStrings.Free(file);
        throw failure;
    }
}
